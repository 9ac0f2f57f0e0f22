// Validates the OpenAPI document on standard input and writes it with its references resolved.
import { readFileSync } from "node:fs";
import SwaggerParser from "@apidevtools/swagger-parser";

const document = await SwaggerParser.validate(JSON.parse(readFileSync(0, "utf8")));
process.stdout.write(JSON.stringify(document));
