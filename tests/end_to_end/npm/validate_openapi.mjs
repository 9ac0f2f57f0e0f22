// Validates the OpenAPI document on standard input and writes it without references.
//   node validate_openapi.mjs DIRECTORY   with @apidevtools/swagger-parser installed below DIRECTORY
import {createRequire} from "node:module";
import {readFileSync} from "node:fs";

const require = createRequire(process.argv[2] + "/");
const SwaggerParser = require("@apidevtools/swagger-parser");
const document = await SwaggerParser.validate(JSON.parse(readFileSync(0, "utf8")));
process.stdout.write(JSON.stringify(document));
