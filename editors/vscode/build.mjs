// Makes `dist/extension.cjs`, all of the extension in one file, and `dist/notices.txt`, the licenses of
// the packages that are in it.
import { build } from "esbuild";
import { readFileSync, readdirSync, writeFileSync } from "node:fs";

const { metafile } = await build({
  entryPoints: ["src/extension.mts"],
  outfile: "dist/extension.cjs",
  bundle: true,
  platform: "node",
  target: "node20",
  format: "cjs",
  external: ["vscode"],
  minify: true,
  metafile: true,
});

const inside = /^(node_modules\/(?:@[^/]+\/)?[^/]+)\//;
const folders = new Set(Object.keys(metafile.inputs).flatMap((path) => inside.exec(path)?.[1] ?? []));
const notices = [...folders].sort().map((folder) => {
  const { name, version } = JSON.parse(readFileSync(`${folder}/package.json`, "utf-8"));
  const license = readdirSync(folder).find((file) => /^licen[cs]e/i.test(file));
  if (license === undefined) throw new Error(`${name} has no license`);
  return `${name} ${version}\n\n${readFileSync(`${folder}/${license}`, "utf-8").trim()}\n`;
});
writeFileSync("dist/notices.txt", notices.join(`\n${"-".repeat(80)}\n\n`));
