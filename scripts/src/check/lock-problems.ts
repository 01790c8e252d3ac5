/**
 * What can be wrong with a lock file although `npm install` was content: `npm ci` refuses it on another machine, or it
 * is tied to the machine that wrote it.
 */

type LockedPackage = {
  resolved?: string;
  integrity?: string;
  link?: boolean;
  inBundle?: boolean;
  optionalDependencies?: Readonly<Record<string, string>>;
};

export type Lock = { packages: Readonly<Record<string, LockedPackage>> };

/** Where Node would look for a dependency of the package at `path`, nearest first. */
const lookedFor = (path: string, dependency: string): string[] => {
  const places: string[] = [];
  for (let from: string | undefined = path; from !== undefined; ) {
    places.push(`${from === '' ? '' : `${from}/`}node_modules/${dependency}`);
    const parent = from.lastIndexOf('/node_modules/');
    from = parent > 0 ? from.slice(0, parent) : from === '' ? undefined : '';
  }
  return places;
};

const isOurs = (path: string): boolean => !path.includes('node_modules/');

/** One line per problem; none when the lock is whole. */
export const lockProblems = ({ packages }: Lock): string[] =>
  Object.entries(packages).flatMap(([path, locked]) => {
    const name = path || 'the repository';
    const missing = Object.keys(locked.optionalDependencies ?? {}).filter(
      (dependency) => !lookedFor(path, dependency).some((place) => place in packages),
    );
    return [
      ...missing.map(
        (dependency) => `${name} names ${dependency} for some platform, but the lock does not have it: npm ci fails`,
      ),
      ...(locked.resolved && !locked.link ? [`${name} is tied to one address: ${locked.resolved}`] : []),
      ...(locked.integrity || locked.link || locked.inBundle || isOurs(path)
        ? []
        : [`${name} has no integrity: anything could be installed for it`]),
    ];
  });
