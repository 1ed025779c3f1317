// Light or dark: the system's choice until the reader makes one, which is then remembered.

const SLOT = "tablestakes-theme";

/** Let a toggle button switch between the themes. */
export function installTheme(button) {
  const systemDark = matchMedia("(prefers-color-scheme: dark)");
  const isDark = () => (document.documentElement.dataset.theme ?? (systemDark.matches ? "dark" : "light")) === "dark";
  const reflect = () => button.setAttribute("aria-pressed", String(isDark()));
  button.addEventListener("click", () => {
    const chosen = isDark() ? "light" : "dark";
    document.documentElement.dataset.theme = chosen;
    localStorage.setItem(SLOT, chosen);
    reflect();
  });
  systemDark.addEventListener("change", reflect);
  reflect();
}
