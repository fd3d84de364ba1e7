/*
 * Where a browser keeps things between visits. It may be full or forbidden: whoever writes is ready for an exception.
 */
/* What of a browser's localStorage is needed. */
export interface Store {
    readonly length: number;
    key(index: number): string | null;
    getItem(name: string): string | null;
    setItem(name: string, value: string): void;
    removeItem(name: string): void;
}

export function browserStore(): Store | null {
    try {
        return typeof localStorage === "undefined" ? null : localStorage;
    } catch {
        return null; /* a page that may keep nothing */
    }
}

/* Something that another tab has written or removed (then `text` is null); with `name` null, perhaps everything. */
export type StoreWatcher = (name: string | null, text: string | null) => void;

/* Answers how to stop that. */
export function watchBrowserStore(changed: StoreWatcher): () => void {
    if (typeof window === "undefined") return () => undefined;
    const stored = ({ key, newValue }: StorageEvent): void => changed(key, newValue);
    window.addEventListener("storage", stored);
    return () => window.removeEventListener("storage", stored);
}

export function memoryStore(): Store {
    const map = new Map<string, string>();
    return {
        get length() {
            return map.size;
        },
        key: (index) => [...map.keys()][index] ?? null,
        getItem: (name) => map.get(name) ?? null,
        setItem: (name, value) => void map.set(name, value),
        removeItem: (name) => void map.delete(name),
    };
}
