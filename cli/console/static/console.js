// Says when the page could not be brought up to date, and takes it back after the next success.
(() => {
  const lost = () => document.getElementById("lost");
  const tell = (hidden) => () => { const p = lost(); if (p) p.hidden = hidden; };
  document.addEventListener("htmx:error", tell(false));
  document.addEventListener("htmx:response:error", tell(false));
  document.addEventListener("htmx:after:swap", tell(true));
  // Shows the buttons that only a script can serve (see console.css), and copies what they are for.
  document.documentElement.dataset.script = "on";
  document.addEventListener("click", async (event) => {
    const button = event.target.closest?.("[data-copy]");
    if (!button) return;
    const text = document.getElementById(button.dataset.copy);
    const say = (told) => { button.nextElementSibling.textContent = told; };
    try {
      await navigator.clipboard.writeText(text.textContent);
      say(button.dataset.done);
    } catch {
      getSelection().selectAllChildren(text);
      say(button.dataset.chosen);
    }
  });
  // Shows the part of the graph that matters: the state that is chosen, runs or failed.
  addEventListener("load", () => {
    const graph = document.querySelector(".graph-scroll");
    const box = graph && [".selected", ".running", ".waiting", ".failed"].map((c) => graph.querySelector(`.box${c}`)).find(Boolean);
    if (!box) return;
    const to = box.getBoundingClientRect(), from = graph.getBoundingClientRect();
    graph.scrollTo(to.left - from.left - (from.width - to.width) / 2, to.top - from.top - from.height / 2);
  });
})();
