--- :checkhealth qwlsp: whether everything is there for an answer, and else how to get it.

local client = require('qwlsp.client')
local defaults = require('qwlsp.settings')

local M = {}

local health = vim.health
local INSTALL = 'pip install qwlsp'
  .. ' --extra-index-url https://abetlen.github.io/llama-cpp-python/whl/cpu'
local LONGEST_WAIT = 30000 -- milliseconds

local function check_neovim()
  local version = tostring(vim.version())
  if vim.fn.has('nvim-0.10') == 0 then
    health.error(('Neovim %s is too old: 0.10 or newer is needed.'):format(version))
  else
    health.ok(('Neovim %s'):format(version))
  end
  if not pcall(vim.treesitter.language.inspect, 'markdown') then
    health.info('This Neovim has no parser for Markdown, so answers are less colourful, and'
      .. ' hover needs it: `:TSInstall markdown markdown_inline` of nvim-treesitter gets it.')
  end
end

--- What the program says to some arguments; nil where it can't be run.
local function run(...)
  local command = client.command(require('qwlsp').options.cmd, ...)
  local ok, process = pcall(vim.system, command, { text = true })
  return ok and process:wait(LONGEST_WAIT) or nil
end

--- Returns whether the program is there and runs.
local function check_program()
  local name = require('qwlsp').options.cmd[1]
  if vim.fn.exepath(name) == '' then
    health.error(('The program %s was not found.'):format(name), {
      'In a terminal: ' .. INSTALL,
      "If it is not on PATH: require('qwlsp').setup({ cmd = { '/path/to/qwlsp', 'serve' } })",
    })
    return false
  end
  local said = run('--version')
  if not said or said.code ~= 0 then
    health.error(('%s does not run: %s'):format(name, said and vim.trim(said.stderr) or ''))
    return false
  end
  health.ok(('%s: %s'):format(vim.trim(said.stdout), vim.fn.exepath(name)))
  return true
end

local function check_model()
  local settings = vim.tbl_deep_extend('force', defaults, require('qwlsp').options.settings)
  if settings.backend.kind == 'openai' then
    return health.ok(('Answers come from the server at %s.'):format(settings.backend.baseUrl))
  end
  local wanted = settings.model.path ~= '' and settings.model.path or settings.model.name
  local said = wanted == '' and run('model', 'path') or run('model', 'path', '--model', wanted)
  if said and said.code == 0 then
    return health.ok('Model: ' .. vim.trim(said.stdout))
  end
  health.warn('No model is used, so answers come from the syntax tree and from rules. '
    .. vim.trim(said and said.stderr or ''), {
    'Fetch one: `:terminal qwlsp model pull` (491 MB, asks first)',
    'Or choose one of those on this machine: `:Qwlsp model`',
  })
end

--- Names all settings that do not exist, or are of another type than their defaults.
local function check_settings(given, known, name)
  for key, value in pairs(given) do
    local full_name, default = ('%s.%s'):format(name, key), known[key]
    if default == nil then
      health.warn(('%s is no setting.'):format(full_name), {
        'lua/qwlsp/settings.lua of this plugin lists them all.',
      })
    elseif type(default) == 'table' and type(value) == 'table' then
      check_settings(value, default, full_name)
    elseif default ~= 'auto' and type(value) ~= type(default) then
      health.warn(('%s must be a %s.'):format(full_name, type(default)))
    end
  end
end

local function check_client()
  local clients = vim.lsp.get_clients({ name = 'qwlsp' })
  if #clients == 0 then
    return health.warn('qwlsp is not running.', {
      "Put require('qwlsp').setup() into init.lua.",
      'Open a file of Python, JavaScript, TypeScript, Markdown or text.',
      'What went wrong stands in ' .. vim.fn.stdpath('log') .. '/lsp.log.',
    })
  end
  for _, each in ipairs(clients) do
    health.ok(('qwlsp is running with %d buffers in %s.'):format(
      vim.tbl_count(each.attached_buffers), each.root_dir or 'no project'))
  end
end

--- Writes the report.
function M.check()
  health.start('qwlsp')
  check_neovim()
  if check_program() then
    check_model()
  end
  check_settings(require('qwlsp').options.settings, defaults, 'settings')
  check_client()
end

return M
