/** The server's few pages: plain, self-contained, nothing fetched from outside. */

export const escapeHtml = (text: string): string =>
  text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);

/** `body` is HTML already; the title is text. */
export const page = (title: string, body: string): string => `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><title>${escapeHtml(title)}</title><meta name="viewport" content="width=device-width, initial-scale=1">
<style>body{font:16px/1.5 system-ui,sans-serif;max-width:40rem;margin:3rem auto;padding:0 1rem}button{font:inherit;margin:.2rem}dt{font-weight:bold}</style></head>
<body><h1>${escapeHtml(title)}</h1>${body}</body>
</html>`;
