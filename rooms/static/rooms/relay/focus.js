// Keeps the keyboard's place where a press hides the button that was pressed.

const NEXT = ["mute", "speak", "join", "raise"];

/**
 * Do what may hide the focused control of a live panel. The focus then goes to what may be pressed next, else to the
 * status, which says what goes on; never to a button that leaves.
 */
export function keepingFocus(root, act) {
  const held = document.activeElement;
  act();
  if (!root.contains(held) || !held.closest("[hidden]")) return;
  const there = NEXT.map((name) => root.querySelector(`[data-live-${name}]`)).find(
    (control) => control && !control.disabled && !control.closest("[hidden]"),
  );
  (there ?? root.querySelector("[data-live-status]"))?.focus();
}
