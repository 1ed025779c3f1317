// Starts Swagger UI, and lends it the console's key for this tab, so that "Try it out" works at once.
import { anyKey } from "./session.js";

const key = anyKey();
window.SwaggerUIBundle({
  url: "/docs/openapi-3.0.json",
  dom_id: "#reference",
  deepLinking: true,
  docExpansion: "list",
  defaultModelsExpandDepth: 0,
  displayRequestDuration: true,
  validatorUrl: null, // the default sends the document to a server elsewhere
  tryItOutEnabled: true,
  requestInterceptor: (request) => {
    if (key && !request.headers.Authorization) request.headers.Authorization = `Bearer ${key}`;
    return request;
  },
});
