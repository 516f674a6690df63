--- Settings that are changed while one works: the model, the answers' language and detail.
---
--- Each function takes the value as a text, and asks for it where that is empty.

local client = require('qwlsp.client')
local defaults = require('qwlsp.settings')

local M = {}

--- Takes over settings and says how they last.
local function use(to, settings, value, name)
  client.configure(to, settings)
  local said = '%s is used from now on. To keep it, set settings.%s in your call of setup().'
  vim.notify(said:format(value, name))
end

local function describe(model)
  local size = ('%.1f GB'):format(model.size_bytes / 1e9)
  local parts = { model.name, model.quantization, size, model.origin }
  if model.fits == false then
    table.insert(parts, 'too large for this machine')
  end
  return table.concat(vim.tbl_filter(function(part) return part ~= vim.NIL end, parts), ', ')
end

--- The models that `qwlsp model list` prints, or a sentence that says why there are none.
local function parse(output)
  if output.code ~= 0 then
    return nil, vim.trim(output.stderr)
  end
  local ok, listed = pcall(vim.json.decode, output.stdout)
  if not ok or type(listed) ~= 'table' or not vim.islist(listed.models) then
    return nil, 'qwlsp model list printed something that is no list of models.'
  elseif #listed.models == 0 then
    return nil, 'There is no model on this machine. `:terminal qwlsp model pull` fetches one.'
  end
  return listed.models
end

--- Chooses a model: a file, or the name of one in qwlsp's own folder.
---
---@param to vim.lsp.Client
---@param value string
function M.model(to, value)
  if value:find('[/\\]') then
    return use(to, { model = { path = vim.fs.normalize(value) } }, value, 'model.path')
  elseif value ~= '' then
    return use(to, { model = { path = '', name = value } }, value, 'model.name')
  end
  local list = client.command(to.config.cmd, 'model', 'list', '--json')
  vim.system(list, { text = true }, function(output)
    vim.schedule(function()
      local models, problem = parse(output)
      if not models then
        return vim.notify(problem, vim.log.levels.WARN)
      end
      local options = { prompt = 'Model of qwlsp', format_item = describe }
      vim.ui.select(models, options, function(model)
        if model then
          use(to, { model = { path = model.path } }, model.name, 'model.path')
        end
      end)
    end)
  end)
end

--- Chooses the language of the answers.
---
---@param to vim.lsp.Client
---@param value string
function M.language(to, value)
  if value ~= '' then
    return use(to, { answers = { language = value } }, value, 'answers.language')
  end
  local now = client.setting(to, 'answers', 'language') or defaults.answers.language
  local options = { prompt = 'Language of the answers (auto, German, de, ...): ', default = now }
  vim.ui.input(options, function(language)
    if language and vim.trim(language) ~= '' then
      M.language(to, vim.trim(language))
    end
  end)
end

--- Chooses how much an explanation says: brief or full.
---
---@param to vim.lsp.Client
---@param value string
function M.detail(to, value)
  if value ~= '' then
    return use(to, { answers = { detail = value } }, value, 'answers.detail')
  end
  vim.ui.select({ 'brief', 'full' }, { prompt = 'Detail of the explanations' }, function(detail)
    if detail then
      M.detail(to, detail)
    end
  end)
end

return M
