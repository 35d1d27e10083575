// Says when the page could not be brought up to date, and takes it back after the next success.
(() => {
  const lost = () => document.getElementById("lost");
  const tell = (hidden) => () => { const p = lost(); if (p) p.hidden = hidden; };
  document.addEventListener("htmx:error", tell(false));
  document.addEventListener("htmx:response:error", tell(false));
  document.addEventListener("htmx:after:swap", tell(true));
})();
