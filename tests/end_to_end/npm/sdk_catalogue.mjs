// What the resource functions of @tinybirdco/sdk make of the catalogue, as JSON. Arguments: base URL, token.
import { generatePipeCode } from "./node_modules/@tinybirdco/sdk/dist/codegen/index.js";
import * as resources from "./node_modules/@tinybirdco/sdk/dist/api/resources.js";

const [baseUrl, token] = process.argv.slice(2);
const config = { baseUrl, token };
const names = await resources.listPipes(config);
const pipes = await Promise.all(names.map((name) => resources.getPipe(config, name)));
process.stdout.write(JSON.stringify({
  names,
  namesV1: await resources.listPipesV1(config),
  pipes,
  files: await Promise.all(names.map((name) => resources.getPipeFile(config, name))),
  code: pipes.map((pipe) => generatePipeCode(pipe)),
}));
