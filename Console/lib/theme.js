// Light, dark, or as the system says. Kept in this browser.

const key = "toolgate-theme";

function stored() {
  try {
    return localStorage.getItem(key) ?? "auto";
  } catch {
    return "auto";
  }
}

export const theme = {
  current: stored(),
  choose(name) {
    this.current = name;
    try {
      localStorage.setItem(key, name);
    } catch {
      // A browser that keeps nothing still shows it for now.
    }
    this.apply();
  },
  apply() {
    if (this.current === "auto") delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = this.current;
  },
};

theme.apply();
