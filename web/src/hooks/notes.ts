/*
 * What the device notes of the session, for all tabs: the cookie itself cannot be seen from here.
 */

/* Who is signed in. */
const MEMBER = "porchlight.signedIn";
/* A sign-out that the server may not know of yet. */
const LEAVING = "porchlight.leaving";

export function notedMember(): string | null {
    try {
        return localStorage.getItem(MEMBER);
    } catch {
        return null;
    }
}

/* A device that keeps no notes asks the server. */
export function wasSignedIn(): boolean {
    try {
        return localStorage.getItem(MEMBER) !== null;
    } catch {
        return true;
    }
}

/* Whose feed leaves out what they find less helpful: the first question for it must know, before the server has said. */
const MINE = "porchlight.mine";

export function wantsMine(): boolean {
    try {
        const whose = localStorage.getItem(MINE);
        return whose !== null && whose === localStorage.getItem(MEMBER);
    } catch {
        return false;
    }
}

/* Answers whether that is new. */
export function noteMine(mine: boolean): boolean {
    const before = wantsMine();
    try {
        const whose = localStorage.getItem(MEMBER);
        if (mine && whose !== null) localStorage.setItem(MINE, whose);
        else localStorage.removeItem(MINE);
    } catch {
        /* Then each page begins with everything. */
    }
    return before !== wantsMine();
}

export const firstFeedPath = (): string => (wantsMine() ? "/posts?show=mine" : "/posts");

/* Throws on a device that keeps no notes. */
export function writeMember(userId: string | null): void {
    if (userId !== null) localStorage.setItem(MEMBER, userId);
    else localStorage.removeItem(MEMBER);
}

export function wasLeaving(): boolean {
    try {
        return localStorage.getItem(LEAVING) !== null;
    } catch {
        return false;
    }
}

/* Answers whether a sign-out is noted. */
export function noteLeaving(leaving: boolean): boolean {
    try {
        if (leaving) localStorage.setItem(LEAVING, "1");
        else localStorage.removeItem(LEAVING);
        return leaving;
    } catch {
        /* Then the server is told when the page goes. */
        return false;
    }
}
