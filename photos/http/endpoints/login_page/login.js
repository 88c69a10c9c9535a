/** Exchanges a one-time code, or a password, for the cookie of a session. The code is behind the #, which is sent nowhere. */

const said = /** @type {HTMLElement} */ (document.getElementById("said"));
const form = /** @type {HTMLFormElement} */ (document.getElementById("form"));
const password = /** @type {HTMLInputElement} */ (document.getElementById("password"));
const given = new URLSearchParams(location.hash.slice(1));
// Neither the history nor a look over the shoulder needs the code any more.
history.replaceState(null, "", location.pathname);

/** Returns the page to go to: one of ours. @returns {string} */
function next() {
  const wanted = given.get("next") ?? "/";
  return wanted.startsWith("/") && !wanted.startsWith("//") && !wanted.startsWith("/\\") ? wanted : "/";
}

/** @param {{ code?: string, password?: string }} key */
async function enter(key) {
  try {
    const response = await fetch("/login", {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(key),
    });
    if (response.ok) {
      location.replace(next());
      return;
    }
    said.textContent = (await response.json()).title;
  } catch {
    said.textContent = "The program does not answer. Is it still running?";
  }
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  enter({ password: password.value });
});
const code = given.get("code");
if (code) enter({ code });
else if ((await (await fetch("/login/ways")).json()).password) {
  said.textContent = "Which password was the program started with?";
  form.hidden = false;
  password.focus();
}
