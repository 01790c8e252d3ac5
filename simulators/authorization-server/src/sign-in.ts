/**
 * The development sign-in: a known `login_hint` is believed at once, otherwise a page asks who you are. There is no
 * password, since every person here is made up; an unknown handle is refused with the list of known ones.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type Provider from 'oidc-provider';
import { DEVELOPMENT_ACR } from './access-token.ts';
import { escapeHtml, page } from './page.ts';
import type { People } from './people.ts';
import { API_RESOURCE } from './provider.ts';

/** A handle and nothing more fits a form of this size. */
const FORM_BYTES = 1024;
/** The refusal travels in a `Location` header: more names than these would break it. */
const NAMED_HANDLES = 50;

const readHandle = async (request: IncomingMessage): Promise<string | null> => {
  let form = '';
  for await (const chunk of request) {
    form += String(chunk);
    if (form.length > FORM_BYTES) return null;
  }
  return new URLSearchParams(form).get('handle');
};

/** RFC 6749 §4.1.2.1: what an error description may hold; the rest of what was typed is not repeated. */
const printable = (text: string | null): string => (text ?? '').replace(/[^\w.@-]/g, '').slice(0, 64);

const someOf = (handles: readonly string[]): string => {
  const more = handles.length - NAMED_HANDLES;
  return `${handles.slice(0, NAMED_HANDLES).join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
};

const choicePage = (people: People): string =>
  page(
    'Who is signing in?',
    `<form method="post">${people.handles
      .map((handle) => `<button name="handle" value="${escapeHtml(handle)}">${escapeHtml(handle)}</button>`)
      .join('')}</form>`,
  );

export type SignIn = (provider: Provider, request: IncomingMessage, response: ServerResponse) => Promise<void>;

export const createSignIn =
  ({ people, clock }: { people: People; clock: (() => Date) | undefined }): SignIn =>
  async (provider, request, response) => {
    const interaction = await provider.interactionDetails(request, response);
    const { login_hint: hint, client_id: clientId, scope } = interaction.params;
    const handle = request.method === 'POST' ? await readHandle(request) : typeof hint === 'string' ? hint : undefined;
    if (handle === undefined) {
      response.setHeader('content-type', 'text/html; charset=utf-8').end(choicePage(people));
      return;
    }

    const person = handle === null ? undefined : people.find(handle);
    if (!person) {
      const error_description = `nobody here is called '${printable(handle)}'; known handles: ${someOf(people.handles)}`;
      return provider.interactionFinished(request, response, { error: 'access_denied', error_description });
    }

    const asked = typeof scope === 'string' ? scope.split(' ') : [];
    const requested = asked.filter((name) => name !== 'openid');
    const granted = people.scopesFor(person, requested);
    if (requested.length === 0) {
      // RFC 6749 §3.3: a client that names no scope gets the default, here everything the roles hold.
      interaction.params.scope = [...asked, ...granted].join(' ');
      await interaction.persist();
    }
    const grant = new provider.Grant({ accountId: person.handle, clientId: String(clientId) });
    grant.addOIDCScope('openid');
    grant.addResourceScope(API_RESOURCE, granted);
    grant.rejectResourceScope(
      API_RESOURCE,
      requested.filter((name) => !granted.includes(name)),
    );
    await provider.interactionFinished(request, response, {
      login: {
        accountId: person.handle,
        acr: DEVELOPMENT_ACR,
        ...(clock && { ts: Math.floor(clock().getTime() / 1000) }),
      },
      consent: { grantId: await grant.save() },
    });
  };
