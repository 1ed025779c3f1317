// What the page shows, as the address says it, so that a link leads back to the same list.

const DEFAULTS = {
  market: "", user: "", lat: null, lon: null, cuisine: "", maxPrice: "", open: false, personalised: true, ads: true, explain: "reasons", k: 20,
};

/** The state in a query string; what it does not say, or says wrongly, has its default. */
export function readState(search) {
  const given = new URLSearchParams(search);
  const [lat, lon] = [numberIn(given.get("lat"), -90, 90), numberIn(given.get("lon"), -180, 180)];
  const placed = lat !== null && lon !== null;
  return {
    market: given.get("market") ?? DEFAULTS.market,
    user: given.get("user") ?? DEFAULTS.user,
    lat: placed ? lat : null,
    lon: placed ? lon : null,
    cuisine: given.get("cuisine") ?? DEFAULTS.cuisine,
    maxPrice: /^[1-4]$/.test(given.get("max_price") ?? "") ? given.get("max_price") : DEFAULTS.maxPrice,
    open: given.get("open") === "1",
    personalised: given.get("personalised") !== "0",
    ads: given.get("ads") !== "0",
    explain: ["none", "reasons", "full"].includes(given.get("explain")) ? given.get("explain") : DEFAULTS.explain,
    k: Math.round(numberIn(given.get("k"), 1, 100) ?? DEFAULTS.k),
  };
}

/** The query string of a state, without what is as by default. */
export function writeState(state) {
  const given = new URLSearchParams();
  const say = (name, value, byDefault) => value !== byDefault && value !== null && given.set(name, value);
  say("market", state.market, "");
  say("user", state.user, "");
  say("lat", state.lat, null);
  say("lon", state.lon, null);
  say("cuisine", state.cuisine, "");
  say("max_price", state.maxPrice, "");
  say("open", state.open ? "1" : "0", "0");
  say("personalised", state.personalised ? "1" : "0", "1");
  say("ads", state.ads ? "1" : "0", "1");
  say("explain", state.explain, DEFAULTS.explain);
  say("k", String(state.k), String(DEFAULTS.k));
  return `?${given}`;
}

/** The query of `GET /v1/recommendations`. */
export function recommendationQuery(state) {
  return {
    user_id: state.user,
    market: state.market,
    k: state.k,
    lat: state.lat,
    lon: state.lon,
    cuisine: state.cuisine,
    max_price: state.maxPrice,
    open_at: state.open ? "now" : null,
    personalised: state.personalised ? null : "false",
    ads: state.ads ? null : "false",
    explain: state.explain,
  };
}

/** The chosen place as `{lat, lon}`, or null. */
export function placeOf(state) {
  return state.lat === null ? null : { lat: state.lat, lon: state.lon };
}

function numberIn(text, low, high) {
  const value = text === null || text.trim() === "" ? NaN : Number(text);
  return value >= low && value <= high ? value : null;
}
