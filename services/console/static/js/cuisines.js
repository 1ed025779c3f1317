// Cuisines in families that share a colour. Words that are not here belong to "other".

const FAMILIES = {
  mediterranean: ["italian", "pizza", "pizzeria", "greek", "spanish", "tapas", "mediterranean", "portuguese"],
  european: ["french", "bistro", "seafood", "european", "german", "polish", "hungarian", "british", "contemporary", "international"],
  "east asian": ["chinese", "japanese", "korean", "sushi", "mongolian", "ramen", "dim", "asian"],
  "south asian": ["thai", "vietnamese", "indian", "indonesian", "pakistani", "nepalese"],
  american: ["mexican", "burgers", "burger", "chicken", "steakhouse", "american", "barbecue", "fast", "diner", "brazilian", "southern"],
  levantine: ["lebanese", "turkish", "levantine", "persian", "israeli", "moroccan", "afghan", "armenian", "kebab"],
  green: ["vegan", "vegetarian", "salads", "salad", "juice", "organic", "healthy"],
  sweet: ["bakery", "coffee", "cafe", "cafeteria", "dessert", "ice", "breakfast", "tea", "sweets"],
};

const FAMILY_OF = new Map(Object.entries(FAMILIES).flatMap(([family, words]) => words.map((word) => [word, family])));

/** All families, in the legend's order. */
export const FAMILY_NAMES = [...Object.keys(FAMILIES), "other"];

/** The family of a restaurant's first cuisine that has one. */
export function familyOf(cuisines) {
  for (const cuisine of cuisines) {
    for (const word of cuisine.toLowerCase().split(/[\s_/-]+/)) {
      const family = FAMILY_OF.get(word);
      if (family) return family;
    }
  }
  return "other";
}

/** The CSS class that colours a family. */
export function familyClass(family) {
  return `family-${family.replace(" ", "-")}`;
}
