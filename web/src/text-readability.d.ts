/* The package has no types of its own: this much of it is used (words.test.ts). */
declare module "text-readability" {
    const readability: { fleschKincaidGrade(text: string): number };
    export default readability;
}
