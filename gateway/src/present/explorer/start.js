/**
 * Runs in the browser: opens Apollo Sandbox or GraphiQL, as the page's configuration says, and sends their requests
 * with the page's token.
 */
(() => {
  const { nonce } = document.currentScript;
  const readConfig = (page) => JSON.parse(page.getElementById('config').textContent);
  const config = readConfig(document);
  const target = document.getElementById('explorer');
  let { token } = config;

  const load = (src, limitMs) =>
    new Promise((resolve, reject) => {
      const script = Object.assign(document.createElement('script'), { src, nonce });
      const failed = () => reject(new Error(`${src} could not be loaded`));
      script.addEventListener('load', resolve);
      script.addEventListener('error', failed);
      if (limitMs) setTimeout(failed, limitMs);
      document.head.append(script);
    });

  /** A development token lives ten minutes, a page much longer: it is read again for the token it would get now. */
  const renewToken = async () => {
    const page = await fetch(location.href, { headers: { accept: 'text/html' } });
    token = readConfig(new DOMParser().parseFromString(await page.text(), 'text/html')).token;
  };

  /** fetch, with the token where the person has not written an Authorization header. */
  const send = async (url, { headers: given, ...options } = {}) => {
    const attempt = () => {
      const headers = new Headers(given);
      if (!headers.has('authorization')) headers.set('authorization', `Bearer ${token}`);
      return fetch(url, { ...options, headers });
    };
    const response = await attempt();
    if (response.status !== 401 || new Headers(given).has('authorization')) return response;
    await renewToken();
    return attempt();
  };

  const ask = async (operation, { headers } = {}) => {
    const response = await send(config.endpoint, {
      method: 'POST',
      headers: {
        accept: 'application/graphql-response+json, application/json;q=0.9',
        'content-type': 'application/json',
        ...headers,
      },
      body: JSON.stringify(operation),
    });
    const text = await response.text();
    try {
      return JSON.parse(text);
    } catch {
      return { errors: [{ message: `HTTP ${response.status}: ${text}` }] };
    }
  };

  const openSandbox = async () => {
    await load(config.sandbox.script, config.sandbox.limitMs);
    target.replaceChildren();
    new window.EmbeddedSandbox({
      target,
      initialEndpoint: new URL(config.endpoint, location.href).href,
      initialState: { document: config.firstQuery, includeCookies: false },
      handleRequest: send,
      endpointIsEditable: false,
      hideCookieToggle: true,
      allowDynamicStyles: false,
      runTelemetry: false,
    });
  };

  const openGraphiql = async () => {
    const href = `${config.assets}/graphiql.css`;
    document.head.append(Object.assign(document.createElement('link'), { rel: 'stylesheet', href }));
    for (const name of ['react.js', 'react-dom.js', 'graphiql.js']) await load(`${config.assets}/${name}`);
    // GraphiQL's dialogs add a style of their own, and look here for what lets it in.
    window.__webpack_nonce__ = nonce;
    const { React, ReactDOM, GraphiQL } = window;
    target.replaceChildren();
    const properties = { fetcher: ask, defaultQuery: config.firstQuery, shouldPersistHeaders: false };
    ReactDOM.createRoot(target).render(React.createElement(GraphiQL, properties));
  };

  const offer = (mode, text) => {
    const link = document.getElementById('other');
    const query = new URLSearchParams(location.search);
    query.set('explorer', mode);
    Object.assign(link, { href: `?${query}`, textContent: text, hidden: false });
  };
  const open = async () => {
    if (config.mode === 'graphiql') return openGraphiql();
    try {
      await openSandbox();
      offer('graphiql', 'GraphiQL instead');
    } catch (error) {
      if (config.mode === 'sandbox') throw error;
      await openGraphiql();
    }
  };

  document.getElementById('user')?.addEventListener('change', ({ target: { value } }) => {
    const query = new URLSearchParams(location.search);
    query.set('user', value);
    location.search = query;
  });
  open().catch((error) => {
    const status = Object.assign(document.createElement('p'), { id: 'status' });
    status.textContent = `The explorer could not be opened: ${error.message}`;
    target.replaceChildren(status);
  });
})();
