// Ties messages to their fields after htmx brought them, gives the focus to a summary, opens what a link leads to, and
// shows an answer while it comes.
(() => {
  const mark = () => {
    for (const told of document.querySelectorAll("p.error[id]")) {
      const field = document.getElementById(told.id.replace(/-error$/, ""));
      if (!field || field.tagName === "FIELDSET") continue;
      if (told.textContent.trim()) field.setAttribute("aria-invalid", "true");
      else field.removeAttribute("aria-invalid");
    }
    const summary = document.querySelector("[data-focus]");
    if (summary) { summary.removeAttribute("data-focus"); summary.focus(); }
  };
  document.addEventListener("htmx:after:swap", mark);
  addEventListener("DOMContentLoaded", mark);

  document.addEventListener("click", (event) => {
    const link = event.target.closest?.(".summary a[href^='#']");
    const field = link && document.getElementById(link.getAttribute("href").slice(1));
    if (!field) return;
    event.preventDefault();
    for (let at = field.closest("details"); at; at = at.parentElement.closest("details")) at.open = true;
    field.focus();
  });

  document.addEventListener("submit", async (event) => {
    const form = event.target;
    if (!form.matches("form[data-streams]")) return;
    event.preventDefault();
    const button = form.querySelector("button"), answer = document.getElementById("answer"), told = document.getElementById("told");
    answer.textContent = ""; told.textContent = form.dataset.streams; told.className = "soft"; button.disabled = true;
    answer.setAttribute("aria-busy", "true");
    try {
      const response = await fetch(form.action, { method: "POST", body: new URLSearchParams(new FormData(form)), headers: { Accept: "application/x-ndjson" } });
      if (!response.ok || !response.body) throw new Error(form.dataset.lost);
      let rest = "";
      const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
      for (let one = await reader.read(); !one.done; one = await reader.read()) {
        const lines = (rest + one.value).split("\n");
        rest = lines.pop();
        for (const line of lines.map((each) => JSON.parse(each))) {
          if (line.text) answer.append(line.text);
          if (line.end !== undefined) { told.textContent = line.end; told.className = line.failed ? "notice bad" : "soft"; }
        }
      }
    } catch (error) {
      told.textContent = error.message || form.dataset.lost; told.className = "notice bad";
    } finally {
      button.disabled = false; answer.removeAttribute("aria-busy");
    }
  });
})();
