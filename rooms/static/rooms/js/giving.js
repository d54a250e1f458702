// Amounts at one press, a button that says what will be paid, and a form that is sent once. Pages work without this.
(() => {
  "use strict";

  const fieldOf = (presets) => document.getElementById(presets.dataset.presets);

  const mark = (presets) => {
    const typed = fieldOf(presets).value.trim();
    for (const button of presets.querySelectorAll("[data-amount]")) {
      button.setAttribute("aria-pressed", String(button.dataset.amount === typed));
    }
  };

  // The sum comes from the server with the preview; until that answers, the button promises no figure.
  const label = (sum) => {
    for (const words of document.querySelectorAll("[data-with-sum]")) {
      words.dataset.withSum ||= words.textContent;
      words.textContent = sum ? `${words.dataset.withSum} · ${sum}` : words.dataset.withSum;
    }
  };

  const show = () => {
    document.querySelectorAll("[data-presets]").forEach(mark);
    label(document.querySelector("[data-sum]")?.dataset.sum);
  };

  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-amount]");
    if (!button) return;
    const field = fieldOf(button.closest("[data-presets]"));
    field.value = button.dataset.amount;
    field.dispatchEvent(new Event("input", { bubbles: true }));
  });
  document.addEventListener("input", (event) => {
    document.querySelectorAll("[data-presets]").forEach(mark);
    if (event.target.name === "amount" || event.target.name === "pay_by") label("");
  });
  // Round amounts differ by currency, so another one is another form.
  document.addEventListener("change", (event) => {
    if (event.target.matches("select[name=currency]")) {
      location.search = new URLSearchParams({ currency: event.target.value });
    }
  });
  document.addEventListener("submit", (event) => {
    if (!event.target.matches("form[method=post]")) return;
    for (const button of event.target.querySelectorAll("button[type=submit]")) button.setAttribute("aria-disabled", "true");
  });
  document.addEventListener("DOMContentLoaded", show);
  document.addEventListener("htmx:load", show);
})();
