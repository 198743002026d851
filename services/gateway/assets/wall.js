// 大屏: every five minutes the page is fetched anew. When it cannot be had, what hangs there stays, and says so.
setInterval(async () => {
  const patience = new AbortController();
  const timer = setTimeout(() => patience.abort(), 30000);
  try {
    const answer = await fetch(location.href, { cache: "no-store", signal: patience.signal });
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const fresh = page.querySelector("main.w-grid");
    if (!answer.ok || !fresh) throw new Error(String(answer.status));
    document.querySelector("main.w-grid").replaceWith(fresh);
  } catch {
    document.getElementById("not-renewed").hidden = false;
  } finally {
    clearTimeout(timer);
  }
}, 300000);
