/**
 * The one ban that oxlint's own rules cannot express: reading the time by `new Date()` or `Date()`. The other ambient
 * sources are properties, and named in `.oxlintrc.json`.
 */

const isDate = (node) => node.type === 'Identifier' && node.name === 'Date';

const noAmbientDate = {
  create: (context) => {
    const report = (node) =>
      context.report({ node, message: 'Take a `Clock` as an argument instead of reading the time.' });
    return {
      NewExpression: (node) => {
        if (isDate(node.callee) && node.arguments.length === 0) report(node);
      },
      // Without `new` it is the time now, whatever its arguments.
      CallExpression: (node) => {
        if (isDate(node.callee)) report(node);
      },
    };
  },
};

/** @public read by oxlint */
export default { meta: { name: 'house' }, rules: { 'no-ambient-date': noAmbientDate } };
