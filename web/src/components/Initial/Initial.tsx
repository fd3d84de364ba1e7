/*
 * A member's first letter in a ring, golden for a coach: there are no pictures of people.
 */
import type { Role } from "../../porchlight/index.ts";
import "./Initial.css";

export function Initial({ name, role }: { name: string; role: Role }) {
    return (
        <span className={`initial initial-${role}`} aria-hidden="true">
            {Array.from(name)[0]}
        </span>
    );
}
