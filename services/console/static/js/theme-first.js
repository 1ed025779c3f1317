// Runs before the first paint: a remembered theme must not flash in the other one.
{
  const remembered = localStorage.getItem("tablestakes-theme");
  if (remembered) document.documentElement.dataset.theme = remembered;
}
