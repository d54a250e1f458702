// Amounts at one press, and a form that is sent once. The page works without this.
(() => {
  "use strict";

  const mark = (presets, field) => {
    for (const button of presets.querySelectorAll("[data-amount]")) {
      button.setAttribute("aria-pressed", String(button.dataset.amount === field.value.trim()));
    }
  };

  document.addEventListener("DOMContentLoaded", () => {
    for (const presets of document.querySelectorAll("[data-presets]")) {
      const field = document.getElementById(presets.dataset.presets);
      presets.addEventListener("click", (event) => {
        const button = event.target.closest("[data-amount]");
        if (!button) return;
        field.value = button.dataset.amount;
        field.dispatchEvent(new Event("input", { bubbles: true }));
      });
      field.addEventListener("input", () => mark(presets, field));
      mark(presets, field);
    }
    // Round amounts differ by currency, so another one is another form.
    document.querySelector("select[name=currency]")?.addEventListener("change", (event) => {
      location.search = new URLSearchParams({ currency: event.target.value });
    });
    for (const form of document.querySelectorAll("form[method=post]")) {
      form.addEventListener("submit", () => {
        for (const button of form.querySelectorAll("button[type=submit]")) button.setAttribute("aria-disabled", "true");
      });
    }
  });
})();
