export { type Expression, expr, type Names } from './expression.ts';
