import { FileInput, Progress, Stack, Text } from '@mantine/core'
import { useState } from 'react'
import type { ArticleView } from '../../api/schema.gen'
import { upload } from '../../api/upload'
import { useGo } from '../../app/links'
import { FormDrawer } from '../../ui/FormDrawer'
import { PLACE_FIELDS } from './fields'
import { text } from './text'

/** A file becomes an article: it is sent with its progress, and the page of the article tells how its reading goes. */
export function UploadDrawer({ close }: { close: () => void }) {
  const go = useGo()
  const [file, setFile] = useState<File | null>(null)
  const [share, setShare] = useState<number | null>(null)
  const [isMissing, setMissing] = useState(false)
  return (
    <FormDrawer
      title={text.upload}
      fields={PLACE_FIELDS}
      act="Upload"
      close={close}
      touches={['/knowledge']}
      done={text.sent}
      run={async (body) => {
        setMissing(!file)
        if (!file) throw new Error(text.choose)
        setShare(0)
        try {
          const query = new URLSearchParams({ name: file.name })
          if (typeof body.category === 'string') query.set('category', body.category)
          for (const tag of (body.tags as string[] | undefined) ?? []) query.append('tag', tag)
          const made = await upload<ArticleView>(`/knowledge/files?${query}`, file, {}, setShare)
          go(`/knowledge/${made.id}`)
        } finally {
          setShare(null)
        }
      }}
    >
      <Stack gap="xs">
        <FileInput
          label={text.choose}
          description={text.chooseHelp}
          accept=".pdf,.docx,.html,.htm,.md,.markdown,.csv,.tsv,.txt"
          value={file}
          onChange={setFile}
          error={isMissing && !file ? text.choose : undefined}
          withAsterisk
        />
        {share !== null && (
          <>
            <Progress value={share * 100} aria-label="Sent" />
            <Text size="xs" aria-live="polite">
              {text.sending(share)}
            </Text>
          </>
        )}
      </Stack>
    </FormDrawer>
  )
}
