// Starts Swagger UI. Without a validator and the standalone preset it calls no other server.
SwaggerUIBundle({
  url: '/api/v1/openapi.json',
  dom_id: '#viewer',
  layout: 'BaseLayout',
  presets: [SwaggerUIBundle.presets.apis],
  validatorUrl: null,
  defaultModelsExpandDepth: 0,
});
