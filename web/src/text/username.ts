/*
 * A sign-in name made from a name: "Mary O'Neill" becomes "mary.o.neill".
 */

export const USERNAME = /^[a-z0-9._-]{2,60}$/;

export function proposeUsername(name: string): string {
    return name
        .normalize("NFD")
        .replace(/[\u0300-\u036f]/g, "")
        .replace(/ß/g, "ss")
        .toLowerCase()
        .replace(/[^a-z0-9_-]+/g, ".")
        .replace(/^\.+|\.+$/g, "")
        .slice(0, 60);
}
