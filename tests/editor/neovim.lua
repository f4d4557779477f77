-- A user of Neovim: opens a file, looks at what Lean says, has a hole proved and all others filled,
-- and saves. What it saw goes to the file of $SEEN, as JSON.
local seen = { diagnostics = {}, titles = {}, messages = {} }
local command = vim.json.decode(os.getenv('COMMAND'))

local function finish(why)
  seen.stopped = why
  local file = io.open(os.getenv('SEEN'), 'w')
  file:write(vim.json.encode(seen))
  file:close()
  vim.cmd(why and 'cquit!' or 'quitall!')
end

local function await(what, done)
  if not vim.wait(120000, done, 50) then
    finish('no ' .. what)
  end
end

local function text()
  return table.concat(vim.api.nvim_buf_get_lines(0, 0, -1, false), '\n')
end

local function act(title, line, column)
  vim.ui.select = function(items, options, choose)
    for index, item in ipairs(items) do
      local shown = options.format_item(item)
      table.insert(seen.titles, shown)
      if shown == title then
        choose(item, index)
      end
    end
  end
  vim.api.nvim_win_set_cursor(0, { line, column })
  vim.lsp.buf.code_action()
end

vim.notify = function(message)
  table.insert(seen.messages, message)
end
vim.cmd('edit ' .. os.getenv('FILE'))
vim.bo.filetype = 'lean'
local elaborating = true
vim.lsp.handlers['$/lean/fileProgress'] = function(_, params)
  elaborating = #params.processing > 0
end
local client = vim.lsp.start_client({ name = 'prover', cmd = command, root_dir = vim.loop.cwd() })
vim.lsp.buf_attach_client(0, client)
await('elaboration', function()
  return not elaborating and #vim.diagnostic.get(0) == 3
end)
for _, diagnostic in ipairs(vim.diagnostic.get(0)) do
  table.insert(seen.diagnostics, { diagnostic.lnum, diagnostic.col, diagnostic.message })
end
local place = { textDocument = { uri = vim.uri_from_bufnr(0) }, position = { line = 1, character = 2 } }
seen.goal = vim.lsp.buf_request_sync(0, '$/lean/plainGoal', place, 60000)[client].result.goals
act('Prove this goal', 2, 2)
await('proof', function()
  return not text():find('theorem first [^\n]*\n  sorry')
end)
seen.proved = text()
vim.cmd('silent undo')
seen.undone = text()
vim.cmd('silent redo')
act('Fill all holes in this file', 5, 4)
await('proofs', function()
  return not text():find('sorry')
end)
vim.cmd('silent write')
finish()
