import { readdir, readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { brotliCompress, constants, gzip } from 'node:zlib'
import type { Plugin } from 'vite'

const SMALLEST = 1024
const COMPRESSIBLE = /\.(js|css|svg|json|webmanifest)$/

/** Writes `x.br` and `x.gz` beside each text file of the build, so that the server compresses nothing at run time. */
export function compress(): Plugin {
  let folder = ''
  return {
    name: 'compress',
    apply: 'build',
    configResolved(config) {
      folder = join(config.root, config.build.outDir, config.build.assetsDir)
    },
    async closeBundle() {
      for (const name of await readdir(folder)) {
        const path = join(folder, name)
        if (!COMPRESSIBLE.test(name) || (await stat(path)).size < SMALLEST) continue
        const plain = await readFile(path)
        const quality = { params: { [constants.BROTLI_PARAM_QUALITY]: 11 } }
        await writeFile(`${path}.br`, await promisify(brotliCompress)(plain, quality))
        await writeFile(`${path}.gz`, await promisify(gzip)(plain, { level: 9 }))
      }
    },
  }
}
