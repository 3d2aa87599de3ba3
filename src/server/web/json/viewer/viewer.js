// Starts Swagger UI. Without a validator and the standalone preset it calls no other server.

// What “Authorize” offers. The cookie of a session is sent by the browser, and no script can set it. With a live session
// the form of the password is refused (409), so that it never replaces that session.
const offered = document.querySelector('[data-session]') ? ['key'] : ['key', 'token'];

const credentials = () => ({
  statePlugins: {
    auth: {
      wrapSelectors: {
        definitionsToAuthorize: (original) => (state) =>
          original(state).filter((definition) => offered.includes(definition.keySeq().first())),
      },
    },
  },
});

SwaggerUIBundle({
  url: '/api/v1/openapi.json',
  dom_id: '#viewer',
  layout: 'BaseLayout',
  presets: [SwaggerUIBundle.presets.apis],
  plugins: [credentials],
  validatorUrl: null,
  defaultModelsExpandDepth: 0,
});
