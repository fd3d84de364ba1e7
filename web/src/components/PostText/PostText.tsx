/*
 * What a member wrote, with its links to press. They lead out of the app, so they open beside it.
 */
import { withLinks } from "../../text/links.ts";
import { words } from "../../words.ts";
import "./PostText.css";

export function PostText({ text }: { text: string }) {
    return withLinks(text).map((part, index) =>
        typeof part === "string" ? (
            part
        ) : (
            <a
                key={index}
                className="post-link"
                href={part.href}
                rel="noopener noreferrer nofollow ugc"
                target="_blank"
            >
                {part.text}
                <span className="unseen"> {words.post.newTab}</span>
            </a>
        ),
    );
}
