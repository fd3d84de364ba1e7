/*
 * Where the server is: "" for the page's own origin, or an address such as https://porch.example, which the app takes
 * from VITE_SERVER_URL.
 */
function trimmed(baseUrl: string): string {
    return baseUrl.replace(/\/+$/, "");
}

/* ws for http, wss for https. `page`: the address of the page, when the server is at its origin. */
export function socketUrlOf(baseUrl: string, path: string, page: string = globalThis.location?.origin ?? ""): string {
    const url = new URL(trimmed(baseUrl) || page);
    const scheme = url.protocol === "https:" || url.protocol === "wss:" ? "wss:" : "ws:";
    return `${scheme}//${url.host}${trimmed(url.pathname)}${path}`;
}
