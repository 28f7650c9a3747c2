/* For the type checker only: what static/vendor/ puts on the window. */
declare const htmx: {
  swap(target: Element, content: string, spec: object, options?: object): void;
  ajax(verb: string, path: string, context: object): Promise<void>;
  process(element: Element): void;
  config: Record<string, unknown>;
};
