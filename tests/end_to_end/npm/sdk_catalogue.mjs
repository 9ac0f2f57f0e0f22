// What the resource functions of @tinybirdco/sdk make of the catalogue, as JSON on standard output.
//   node sdk_catalogue.mjs DIRECTORY BASE_URL TOKEN   with @tinybirdco/sdk installed below DIRECTORY
import {pathToFileURL} from "node:url";

const [directory, baseUrl, token] = process.argv.slice(2);
const sdk = directory + "/node_modules/@tinybirdco/sdk/dist/";
const resources = await import(pathToFileURL(sdk + "api/resources.js"));
const {generatePipeCode} = await import(pathToFileURL(sdk + "codegen/index.js"));

const config = {baseUrl, token};
const names = await resources.listPipes(config);
const pipes = await Promise.all(names.map((name) => resources.getPipe(config, name)));
process.stdout.write(JSON.stringify({
  names,
  namesV1: await resources.listPipesV1(config),
  pipes,
  files: await Promise.all(names.map((name) => resources.getPipeFile(config, name))),
  code: pipes.map((pipe) => generatePipeCode(pipe)),
}));
