// The small flat piece of the earth on which a city lies.

const KM_PER_DEGREE = 111.195;
const WINDS = ["north", "north-east", "east", "south-east", "south", "south-west", "west", "north-west"];

/** Kilometres between two places {lat, lon}; flat, which is right to a metre in a city. */
export function kmBetween(from, to) {
  const [east, north] = offset(from, to);
  return Math.hypot(east, north);
}

/** The wind's name for the way from one place to another. */
export function directionText(from, to) {
  const [east, north] = offset(from, to);
  return WINDS[(Math.round(Math.atan2(east, north) / (Math.PI / 4)) + 8) % 8];
}

function offset(from, to) {
  const shrink = Math.cos(((from.lat + to.lat) / 2) * (Math.PI / 180));
  return [(to.lon - from.lon) * KM_PER_DEGREE * shrink, (to.lat - from.lat) * KM_PER_DEGREE];
}

/** Equirectangular projection that fits places into a frame; a few far-off places do not shrink the rest. */
export class Projection {
  constructor(places, width, height, margin) {
    const lat = spread(places.map((place) => place.lat));
    const lon = spread(places.map((place) => place.lon));
    this.lat0 = (lat[0] + lat[1]) / 2;
    this.lon0 = (lon[0] + lon[1]) / 2;
    this.width = width;
    this.height = height;
    this.kmPerLon = KM_PER_DEGREE * Math.cos((this.lat0 * Math.PI) / 180);
    const kmHigh = Math.max((lat[1] - lat[0]) * KM_PER_DEGREE, 0.5);
    const kmWide = Math.max((lon[1] - lon[0]) * this.kmPerLon, 0.5);
    this.pixelsPerKm = Math.max(1e-6, Math.min((width - 2 * margin) / kmWide, (height - 2 * margin) / kmHigh));
  }

  /** [x, y] in pixels from the frame's upper left corner. */
  toPixels(place) {
    return [
      this.width / 2 + (place.lon - this.lon0) * this.kmPerLon * this.pixelsPerKm,
      this.height / 2 - (place.lat - this.lat0) * KM_PER_DEGREE * this.pixelsPerKm,
    ];
  }

  /** [x, y] moved to the frame's edge where it lies outside. */
  toFrame(place, margin) {
    const [x, y] = this.toPixels(place);
    return [clamp(x, margin, this.width - margin), clamp(y, margin, this.height - margin)];
  }

  /** The place {lat, lon} under a pixel, to about a metre. */
  toPlace(x, y) {
    const lat = this.lat0 - (y - this.height / 2) / (KM_PER_DEGREE * this.pixelsPerKm);
    const lon = this.lon0 + (x - this.width / 2) / (this.kmPerLon * this.pixelsPerKm);
    return { lat: round5(clamp(lat, -90, 90)), lon: round5(clamp(lon, -180, 180)) };
  }
}

/** `value`, not below `low` nor above `high`. */
export function clamp(value, low, high) {
  return Math.min(Math.max(value, low), high);
}

function round5(value) {
  return Math.round(value * 1e5) / 1e5;
}

// The whole range, or 1.5 times the middle 96 % where that is narrower.
function spread(values) {
  if (!values.length) return [0, 0];
  const sorted = values.toSorted((a, b) => a - b);
  const at = (share) => sorted[Math.round(share * (sorted.length - 1))];
  const slack = (at(0.98) - at(0.02)) / 4;
  return [Math.max(at(0), at(0.02) - slack), Math.min(at(1), at(0.98) + slack)];
}
