// Starts what the page asks for: <div data-module="countdown"> loads ./countdown.js once
// and calls its default export with the element. Every page works without this file.

const version = new URL(import.meta.url).search;
const known = new Set(["around", "countdown", "keypad"]);

for (const element of document.querySelectorAll("[data-module]")) {
  const name = element.dataset.module;
  if (known.has(name)) {
    import(`./${name}.js${version}`).then((module) => module.default(element));
  }
}
