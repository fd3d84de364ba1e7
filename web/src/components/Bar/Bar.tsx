/*
 * How far something has got.
 */
import "./Bar.css";

export function Bar({ label, value, max }: { label: string; value: number; max: number }) {
    return <progress className="bar" aria-label={label} max={max} value={value} />;
}
