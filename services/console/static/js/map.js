// The map: the city's layers, the numbered list entries, the diner's home, and the pin that says where the diner is.

import { familyClass, familyOf } from "./cuisines.js";
import { byId, drawn } from "./dom.js";
import { clamp, Projection } from "./geo.js";
import { districtLayer, dotLayer, gridLayer } from "./map_layers.js";
import { apart, gap } from "./shapes.js";

const MARGIN = 34;
const MARKER = 23; // diameter and a little air
const STEP = 12; // pixels an arrow key moves the pin; four times as far with Shift
const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

/**
 * `onPlace(place | null)`: the reader chose a place, or home. `onPoint(id | null)`: the pointer is on a numbered restaurant.
 * `onPick(id)`: it was clicked.
 */
export class CityMap {
  #restaurants = [];
  #items = [];
  #home = null;
  #place = null;
  #passes = () => true;
  #projection = null;
  #highlighted = null;

  constructor({ onPlace, onPoint, onPick }) {
    this.frame = byId("map");
    this.svg = byId("map-drawing");
    this.tip = byId("map-tip");
    this.onPlace = onPlace;
    this.onPoint = onPoint;
    this.onPick = onPick;
    this.city = drawn("g");
    this.shown = drawn("g", { class: "shown" });
    this.marks = drawn("g", { class: "marks" });
    this.svg.append(this.city, this.shown, this.marks);
    this.frame.addEventListener("click", (event) => this.#clicked(event));
    this.frame.addEventListener("keydown", (event) => this.#keyed(event));
    this.frame.addEventListener("pointermove", (event) => this.#pointed(event));
    this.frame.addEventListener("pointerleave", () => this.#point(null, null));
    new ResizeObserver(() => this.#drawCity()).observe(this.frame);
  }

  /** The restaurants of a city, and its name. */
  setCity(restaurants, title) {
    this.#restaurants = restaurants;
    this.frame.setAttribute("aria-label", `Map of ${title} with ${restaurants.length} restaurants`);
    this.#drawCity();
  }

  /** Restaurants that do not pass are drawn faint. */
  setFilter(passes) {
    this.#passes = passes;
    this.#drawCity();
  }

  /** Where the diner lives and where they are now; each {lat, lon} or null. */
  setPlaces(home, place) {
    this.#home = home;
    this.#place = place;
    this.#drawMarks();
    this.#drawShown();
  }

  /** The list's items, to be numbered on the map. */
  setShown(items) {
    this.#items = items;
    this.#drawShown();
  }

  /** Make one numbered restaurant stand out; null: none. */
  highlight(id) {
    this.#highlighted = id;
    for (const marker of this.shown.querySelectorAll(".marker")) {
      const chosen = marker.dataset.id === id;
      marker.classList.toggle("chosen", chosen);
      if (chosen) marker.parentNode.append(marker); // drawn last is on top
    }
  }

  #drawCity() {
    const { clientWidth: width, clientHeight: height } = this.frame;
    if (!width || !height || !this.#restaurants.length) return;
    this.svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
    this.#projection = new Projection(this.#restaurants, width, height, MARGIN);
    const { km, layer } = gridLayer(this.#projection);
    const { shapes, names } = districtLayer(this.#restaurants, this.#projection);
    this.city.replaceChildren(layer, shapes, dotLayer(this.#restaurants, this.#projection, this.#passes), names);
    byId("map-scale").textContent = `one square: ${km < 1 ? `${km * 1000} m` : `${km} km`}`;
    this.#drawShown();
    this.#drawMarks();
  }

  #drawShown() {
    if (!this.#projection) return;
    const spots = this.#items.map((item) => this.#projection.toFrame(item, MARKER / 2));
    const { width, height } = this.#projection;
    const places = apart(spots, MARKER, this.#marked()).map(([x, y]) => [clamp(x, 13, width - 13), clamp(y, 13, height - 13)]);
    const links = drawn("g", { class: "links" });
    const markers = this.#items.map((item, i) => {
      if (gap(spots[i], places[i]) > 6) links.append(drawn("path", { d: `M${spots[i]}L${places[i]}` }));
      return marker(item, places[i]);
    });
    this.shown.replaceChildren(links, ...markers.reverse()); // rank 1 on top
    this.highlight(this.#highlighted); // a drawing that follows a change of size is of new markers
  }

  #drawMarks() {
    if (!this.#projection) return;
    const marks = [];
    if (this.#home) {
      const [x, y] = this.#projection.toFrame(this.#home, 12);
      const house = drawn("path", { d: "M-8.5 1.5L0-7.5L8.5 1.5M-6-1V8H6V-1" });
      const halo = drawn("circle", { r: 15 });
      marks.push(drawn("g", { class: `home${this.#place ? "" : " here"}`, transform: `translate(${x} ${y})` }, halo, house));
    }
    if (this.#place) {
      const [x, y] = this.#projection.toFrame(this.#place, 4);
      const drop = drawn("path", { d: "M0 0C-3-9-11-13-11-21A11 11 0 0 1 11-21C11-13 3-9 0 0Z" });
      const eye = drawn("circle", { cy: -21, r: 4 });
      marks.push(drawn("g", { class: "pin", transform: `translate(${x} ${y})` }, drop, eye));
    }
    this.marks.replaceChildren(...marks);
  }

  // Pixels that the numbers keep clear of: the house, and the pin from its foot to its head.
  #marked() {
    const home = this.#home ? [this.#projection.toPixels(this.#home)] : [];
    if (!this.#place) return home;
    const [x, y] = this.#projection.toPixels(this.#place);
    return [...home, [x, y - 4], [x, y - 21]];
  }

  #clicked(event) {
    const picked = event.target.closest(".marker");
    if (picked) {
      this.onPick(picked.dataset.id);
      return;
    }
    if (!this.#projection) return;
    this.onPlace(this.#projection.toPlace(...this.#pixels(event)));
  }

  #keyed(event) {
    if (event.key === "Escape") {
      this.onPlace(null);
      return;
    }
    const arrow = ARROWS[event.key];
    if (!arrow || !this.#projection || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    const { width, height } = this.#projection;
    const from = this.#place ?? this.#home;
    const [x, y] = from ? this.#projection.toFrame(from, 0) : [width / 2, height / 2];
    const step = event.shiftKey ? 4 * STEP : STEP;
    this.onPlace(this.#projection.toPlace(clamp(x + arrow[0] * step, 0, width), clamp(y + arrow[1] * step, 0, height)));
  }

  #pointed(event) {
    if (!this.#projection) return;
    const at = this.#pixels(event);
    const onMarker = event.target.closest(".marker");
    if (onMarker) {
      const item = this.#items.find((one) => one.restaurant_id === onMarker.dataset.id);
      this.#point(item, at);
      this.onPoint(onMarker.dataset.id);
      return;
    }
    let nearest = null;
    let least = 9;
    for (const restaurant of this.#restaurants) {
      const distance = gap(this.#projection.toPixels(restaurant), at);
      if (distance < least) [nearest, least] = [restaurant, distance];
    }
    this.#point(nearest, at);
    this.onPoint(null);
  }

  #point(restaurant, at) {
    this.tip.hidden = !restaurant;
    if (!restaurant) {
      if (!at) this.onPoint(null);
      return;
    }
    this.tip.textContent = [restaurant.name, ...restaurant.cuisines.slice(0, 2)].join(" · ");
    const { width } = this.#projection;
    this.tip.style.left = `${clamp(at[0], this.tip.offsetWidth / 2 + 6, width - this.tip.offsetWidth / 2 - 6)}px`;
    this.tip.style.top = `${at[1] < 56 ? at[1] + 44 : at[1] - 18}px`;
  }

  #pixels(event) {
    const box = this.svg.getBoundingClientRect();
    return [event.clientX - box.left, event.clientY - box.top];
  }
}

function marker(item, [x, y]) {
  const family = familyClass(familyOf(item.cuisines));
  return drawn(
    "g",
    { class: `marker ${family}`, "data-id": item.restaurant_id, transform: `translate(${x.toFixed(1)} ${y.toFixed(1)})` },
    drawn("circle", { r: 10.5 }),
    drawn("text", { dy: "0.35em" }, String(item.rank)),
  );
}
