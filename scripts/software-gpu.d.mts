/** The environment in which `webgpu` finds a software adapter; undefined where the carried files do not fit. */
export function softwareGpu(env?: NodeJS.ProcessEnv): Promise<NodeJS.ProcessEnv | undefined>;
