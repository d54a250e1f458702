// Shows how long a hold still lasts. The server says how many seconds are left, because its clock is the one that counts.
const text = (left_s) => {
  const minutes = Math.floor(left_s / 60);
  const seconds = String(left_s % 60).padStart(2, "0");
  return `${minutes}:${seconds}`;
};

export const countDown = (root, ended) => {
  for (const element of root.querySelectorAll("[data-countdown-s]")) {
    const end_ms = performance.now() + Number(element.dataset.countdownS) * 1000;
    element.removeAttribute("data-countdown-s");
    const tick = () => {
      if (!element.isConnected) return clearInterval(timer);
      const left_s = Math.max(Math.ceil((end_ms - performance.now()) / 1000), 0);
      element.textContent = text(left_s);
      if (left_s > 0) return undefined;
      clearInterval(timer);
      return ended();
    };
    const timer = setInterval(tick, 1000);
    tick();
  }
};
