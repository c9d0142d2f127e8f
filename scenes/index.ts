import { argon } from './argon/argon.ts';
import { armSysid } from './arm-sysid/arm-sysid.ts';
import { billiards } from './billiards/billiards.ts';
import { bounceTarget } from './bounce-target/bounce-target.ts';
import { brusselator } from './brusselator/brusselator.ts';
import { bubbleRaft } from './bubble-raft/bubble-raft.ts';
import { cameraFit } from './camera-fit/camera-fit.ts';
import { cartpoleSwingup } from './cartpole-swingup/cartpole-swingup.ts';
import { chargeChaser } from './charge-chaser/charge-chaser.ts';
import { clothFit } from './cloth-fit/cloth-fit.ts';
import { dragLbm } from './drag/drag-lbm.ts';
import { dragMac } from './drag/drag-mac.ts';
import { droneMpc } from './drone-mpc/drone-mpc.ts';
import { film } from './film/film.ts';
import { fitPotential } from './fit-potential/fit-potential.ts';
import { heatInverse } from './heat-inverse/heat-inverse.ts';
import { ant } from './legged/ant.ts';
import { hopper } from './legged/hopper.ts';
import { lightFit } from './light-fit/light-fit.ts';
import { lightLens } from './light-lens/light-lens.ts';
import { lotkaVolterra } from './lotka-volterra/lotka-volterra.ts';
import { mbbBeam } from './mbb-beam/mbb-beam.ts';
import { crossingFit } from './mesh-fit/crossing.ts';
import { meshFitCube } from './mesh-fit/cube.ts';
import { environmentFit } from './mesh-fit/environment.ts';
import { meshFitPose } from './mesh-fit/pose.ts';
import { shapeFit } from './mesh-fit/shape.ts';
import { textureFit } from './mesh-fit/texture.ts';
import { mpmThrow } from './mpm/throw.ts';
import { mpmWalker, mpmWalker3d } from './mpm/walkers.ts';
import { pictureControl } from './picture-control/picture-control.ts';
import { pile } from './pile/pile.ts';
import { robertson } from './robertson/robertson.ts';
import type { Scene } from './scene.ts';
import { smokeShape } from './smoke-shape/smoke-shape.ts';
import { softBody } from './soft-body/soft-body.ts';
import { videoSysid } from './video-sysid/video-sysid.ts';
import { views } from './views/cloud.ts';
import { paintSplats } from './views/picture.ts';
import { solidViews } from './views/solid.ts';
import { splatViews } from './views/space.ts';
import { vortexAssimilate } from './vortex-assimilate/vortex-assimilate.ts';
import { walkers2d } from './walkers-2d/walkers-2d.ts';
import { waveTank } from './wave-tank/wave-tank.ts';

/** All scenes by topic, as the command line lists them. */
export const topics: Readonly<Record<string, readonly Scene[]>> = {
  'Films and pictures': [
    film,
    videoSysid,
    cameraFit,
    lightFit,
    lightLens,
    meshFitCube,
    meshFitPose,
    textureFit,
    environmentFit,
    shapeFit,
    crossingFit,
    views,
    paintSplats,
    splatViews,
    solidViews,
  ],
  'Robots, contacts and control': [
    bounceTarget,
    billiards,
    pile,
    cartpoleSwingup,
    droneMpc,
    armSysid,
    walkers2d,
    hopper,
    ant,
    chargeChaser,
  ],
  'Flows, waves and reactions': [
    smokeShape,
    vortexAssimilate,
    dragLbm,
    dragMac,
    waveTank,
    heatInverse,
    brusselator,
    robertson,
    lotkaVolterra,
  ],
  'Solids, cloth and molecules': [
    mbbBeam,
    mpmThrow,
    mpmWalker,
    mpmWalker3d,
    softBody,
    clothFit,
    pictureControl,
    bubbleRaft,
    argon,
    fitPotential,
  ],
};

/** All scenes, by name. */
export const scenes: Readonly<Record<string, Scene>> = Object.fromEntries(
  Object.values(topics).flatMap(all => all.map(scene => [scene.name, scene])),
);

export { type FilmFit, type FitOptions, fitFilm } from './film/fit.ts';
export { type Dynamics, type Film, readFilm } from './film/input.ts';
export { type BeamStep, type Design, designBeam } from './mbb-beam/mbb-beam.ts';
export type {
  Axis,
  Estimate,
  Goal,
  Picture,
  Plot,
  Scene,
  SceneOptions,
  SceneProgress,
  SceneResult,
  Series,
} from './scene.ts';
export { type Surface, surface, type Tank } from './wave-tank/tank.ts';
export { shapeWater, type TankStep } from './wave-tank/wave-tank.ts';
export {
  ant,
  argon,
  armSysid,
  billiards,
  bounceTarget,
  brusselator,
  bubbleRaft,
  cameraFit,
  cartpoleSwingup,
  chargeChaser,
  clothFit,
  crossingFit,
  dragLbm,
  dragMac,
  droneMpc,
  environmentFit,
  film,
  fitPotential,
  heatInverse,
  hopper,
  lightFit,
  lightLens,
  lotkaVolterra,
  mbbBeam,
  meshFitCube,
  meshFitPose,
  mpmThrow,
  mpmWalker,
  mpmWalker3d,
  paintSplats,
  pictureControl,
  pile,
  robertson,
  shapeFit,
  smokeShape,
  softBody,
  solidViews,
  splatViews,
  textureFit,
  videoSysid,
  views,
  vortexAssimilate,
  walkers2d,
  waveTank,
};
