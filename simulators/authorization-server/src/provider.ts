/**
 * oidc-provider, configured for this house: one API, one public native client, no invented grant.
 *
 * Promises: authorization code with PKCE (S256) only; DPoP is accepted and binds the token; every access token is
 * an ES256 JWT for our audience; a token never carries a scope that none of its person's roles holds.
 */
import Provider, { type ClientMetadata, type Configuration, errors, interactionPolicy } from 'oidc-provider';
import { ACCESS_TOKEN_SECONDS, DEVELOPMENT_ACR, personClaims, serviceClaims } from './access-token.ts';
import type { Keys } from './keys.ts';
import type { MemoryStore } from './memory-store.ts';
import { escapeHtml, page } from './page.ts';
import { ALL_SCOPES, type People } from './people.ts';

/** The app. RFC 8252 §7.3: a loopback redirect may use any port. */
const APP_CLIENT_ID = 'tenant-app';
const APP_REDIRECT_URI = 'http://127.0.0.1/callback';
/** RFC 8707 wants an absolute URI; the token's `aud` is the audience, not this name. */
export const API_RESOURCE = 'urn:house:api';
const SIGN_IN_SECONDS = 3600;

/** A machine that may ask for a token of its own (client_credentials, private_key_jwt). */
export type Machine = { clientId: string; publicJwk: Readonly<Record<string, unknown>> };

export type ProviderOptions = {
  issuer: string;
  audience: string;
  keys: Keys;
  people: People;
  machines: readonly Machine[];
  store: MemoryStore;
  clock: (() => Date) | undefined;
};

const app: ClientMetadata = {
  client_id: APP_CLIENT_ID,
  client_name: 'Tenant app (development)',
  application_type: 'native',
  token_endpoint_auth_method: 'none',
  grant_types: ['authorization_code'],
  response_types: ['code'],
  redirect_uris: [APP_REDIRECT_URI],
};

const machineClient = ({ clientId, publicJwk }: Machine): ClientMetadata => ({
  client_id: clientId,
  token_endpoint_auth_method: 'private_key_jwt',
  token_endpoint_auth_signing_alg: 'ES256',
  grant_types: ['client_credentials'],
  response_types: [],
  redirect_uris: [],
  jwks: { keys: [{ ...publicJwk, use: 'sig', alg: 'ES256' }] } as NonNullable<ClientMetadata['jwks']>,
});

/** A browser that is signed in as somebody else is asked again, or it would get that other person's token. */
const signInPolicy = () => {
  const policy = interactionPolicy.base();
  policy.get('login')?.checks.add(
    new interactionPolicy.Check('login_hint', 'another person is signed in', 'login_required', ({ oidc }) => {
      const hint = oidc.params?.login_hint;
      return typeof hint === 'string' && oidc.session?.accountId !== hint && !oidc.result?.login;
    }),
  );
  return policy;
};

const configure = (options: ProviderOptions): Configuration => ({
  adapter: options.store.adapterFor,
  clients: [app],
  clientDefaults: { id_token_signed_response_alg: 'ES256' },
  clientAuthMethods: ['none', 'private_key_jwt'],
  enabledJWA: {
    idTokenSigningAlgValues: ['ES256'],
    dPoPSigningAlgValues: ['ES256'],
    clientAuthSigningAlgValues: ['ES256'],
  },
  jwks: { keys: [options.keys.signing] },
  cookies: { keys: options.keys.cookies },
  scopes: ['openid'],
  acrValues: [DEVELOPMENT_ACR],
  responseTypes: ['code'],
  pkce: { required: () => true },
  clientBasedCORS: () => false,
  expiresWithSession: () => false,
  interactions: { policy: signInPolicy(), url: (_ctx, { uid }) => `/interaction/${uid}` },
  ttl: {
    AccessToken: ACCESS_TOKEN_SECONDS,
    ClientCredentials: ACCESS_TOKEN_SECONDS,
    IdToken: ACCESS_TOKEN_SECONDS,
    AuthorizationCode: 60,
    Interaction: 600,
    Session: SIGN_IN_SECONDS,
    Grant: SIGN_IN_SECONDS,
  },
  features: {
    devInteractions: { enabled: false },
    userinfo: { enabled: false },
    pushedAuthorizationRequests: { enabled: false },
    rpInitiatedLogout: {
      enabled: true,
      logoutSource: (ctx, form) => {
        ctx.body = page(
          'Sign out',
          `${form}<button type="submit" form="op.logoutForm" name="logout" value="yes">Sign out</button>`,
        );
      },
      postLogoutSuccessSource: (ctx) => {
        ctx.body = page('Signed out', '<p>Nobody is signed in now.</p>');
      },
    },
    clientCredentials: { enabled: true },
    dPoP: { enabled: true },
    resourceIndicators: {
      enabled: true,
      defaultResource: () => API_RESOURCE,
      useGrantedResource: () => true,
      getResourceServerInfo: (_ctx, resource) => {
        if (resource !== API_RESOURCE) throw new errors.InvalidTarget();
        return {
          audience: options.audience,
          scope: ALL_SCOPES.join(' '),
          accessTokenTTL: ACCESS_TOKEN_SECONDS,
          accessTokenFormat: 'jwt',
          jwt: { sign: { alg: 'ES256' } },
        };
      },
    },
  },
  findAccount: (_ctx, handle) => {
    const person = options.people.find(handle);
    return person && { accountId: person.handle, claims: () => ({ sub: person.handle }) };
  },
  extraTokenClaims: (ctx, token) => {
    if (token.kind === 'ClientCredentials') return serviceClaims();
    const person = options.people.find(ctx.oidc.account?.accountId ?? '');
    if (!person) throw new errors.InvalidGrant('the account is gone');
    const { authTime, acr } = ctx.oidc.entities.AuthorizationCode ?? {};
    return { ...personClaims(person), auth_time: authTime, acr };
  },
  formats: {
    customizers: {
      jwt: (_ctx, _token, { payload }) => {
        // A token without scopes says so: the claim is always there.
        payload.scope ??= '';
        if (!options.clock) return;
        const now = Math.floor(options.clock().getTime() / 1000);
        Object.assign(payload, { iat: now, exp: now + ACCESS_TOKEN_SECONDS });
      },
    },
  },
  renderError: (ctx, out) => {
    const lines = Object.entries(out).map(
      ([name, value]) => `<dt>${escapeHtml(name)}</dt><dd>${escapeHtml(String(value))}</dd>`,
    );
    ctx.type = 'html';
    ctx.body = page('Refused', `<dl>${lines.join('')}</dl>`);
  },
});

export const createProvider = (options: ProviderOptions): Provider => {
  // Stored as registered clients are: oidc-provider copies configured ones with structuredClone, and under jest the
  // copy of a key belongs to another realm, where it no longer counts as a plain object.
  for (const machine of options.machines)
    void options.store.adapterFor('Client').upsert(machine.clientId, machineClient(machine));
  const provider = new Provider(options.issuer, configure(options));
  provider.use(async (ctx, next) => {
    await next();
    // Discovery lists only OpenID's own scopes; a client also wants to know ours.
    if (ctx.oidc?.route === 'discovery')
      Object.assign(ctx.body as object, { scopes_supported: ['openid', ...ALL_SCOPES] });
  });
  return provider;
};
