import { obtainToken } from '@house/authorization-server/obtain-token';
import { FIRST_USER, type House } from './house.ts';

type FirstDoor = { premisesId: string; accessPointId: string };

/** The first user's first door, asked of the running house as an app would: ready means that this works. */
const findFirstDoor = async ({ url, issuer }: House): Promise<FirstDoor | undefined> => {
  const { access_token } = await obtainToken({ issuer, user: FIRST_USER });
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${access_token}` },
    body: JSON.stringify({ query: '{ myPremises { id accessPoints(kind: ENTRANCE) { id } } }' }),
  });
  const { data } = (await response.json()) as {
    data?: { myPremises: { id: string; accessPoints: { id: string }[] | null }[] };
  };
  const home = data?.myPremises.find(({ accessPoints }) => accessPoints?.[0]);
  const door = home?.accessPoints?.[0];
  return home && door && { premisesId: home.id, accessPointId: door.id };
};

const table = (rows: readonly (readonly [string, string | undefined])[]): string =>
  rows
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => `  ${name.padEnd(22)}${value}`)
    .join('\n');

const post = (url: string, body: string): string =>
  [
    `curl -s ${url} -H 'content-type: application/json' \\`,
    `       -H "authorization: Bearer $(npm run -s token -- --user ${FIRST_USER})" \\`,
    `       -d '${body}'`,
  ].join('\n');

const openDoor = ({ premisesId, accessPointId }: FirstDoor): string =>
  // The shell closes the quotes around the time, so that every paste is a new intent with a key of its own.
  `{"query":"mutation { openAccessPoint(input: {premisesId: \\"${premisesId}\\", accessPointId: \\"${accessPointId}\\", idempotencyKey: \\"tap-'"$(date +%s%N)"'\\"}) { operation { id state } errors { code message } } }"}`;

/** What `npm start` says once everything runs: where it is, and three things to try, ready to be pasted. */
export const greet = async (house: House, { explorer }: { explorer: boolean }): Promise<string> => {
  const door = explorer ? await findFirstDoor(house).catch(() => undefined) : undefined;
  const things = [
    ...(explorer ? [`Open ${house.url} in a browser and press the button: ${FIRST_USER}'s home screen.`] : []),
    ...(door
      ? [
          `Ask for the doors of ${FIRST_USER}:\n     ${post(house.url, '{"query":"{ myPremises { label accessPoints { name connectivity } } }"}')}`,
          `Open the front door:\n     ${post(house.url, openDoor(door))}${
            house.simulatorControlUrl
              ? `\n     and see that it opened once:  curl -s ${house.simulatorControlUrl}/ledger`
              : ''
          }`,
        ]
      : []),
  ];
  return [
    'tenant-smart-home-app',
    table([
      ['gateway', `${house.url}  (POST; in a browser: the explorer)`],
      ['administration', `${house.adminUrl}/livez  /readyz  /metrics`],
      ['authorization server', house.issuer],
      ['platform', house.platformUrl],
      ['platform simulator', house.simulatorControlUrl],
      ['events in', house.eventsUrl],
      ['database', house.databaseVersion.split(' on ')[0]],
      ['delivery', house.dispatcher],
    ]),
    ...(things.length > 0 ? ['', 'Try:', ...things.map((thing, index) => `  ${index + 1}. ${thing}`)] : []),
    '',
    `ready ${house.url}`,
    '',
  ].join('\n');
};
