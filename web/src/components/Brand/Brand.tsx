/*
 * The lantern and the name.
 */
import { words } from "../../words.ts";
import "./Brand.css";

export function Lantern() {
    return (
        <span className="lantern" aria-hidden="true">
            <svg viewBox="0 0 32 32" focusable="false">
                <path className="lantern-line" d="M13.4 5.2a2.6 2.6 0 1 1 5.2 0" />
                <path className="lantern-roof" d="M8.4 12.4c3.2-1 5.2-2.8 6-5.6h3.2c.8 2.8 2.8 4.6 6 5.6z" />
                <path className="lantern-light" d="M10 12.4h12l-1.7 12H11.7z" />
                <path
                    className="lantern-flame"
                    d="M16 15.2c1.9 2 2.5 3.2 2.5 4.4a2.5 2.5 0 0 1-5 0c0-1.2.6-2.4 2.5-4.4z"
                />
                <path className="lantern-line" d="M10.4 27.2h11.2" />
            </svg>
        </span>
    );
}

export function Brand() {
    return (
        <a className="brand" href="#/">
            <Lantern />
            <span>{words.brand}</span>
        </a>
    );
}
