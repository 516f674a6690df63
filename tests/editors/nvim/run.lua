-- Runs one scenario in Neovim as a person would have set it up, and writes what it returns as JSON.
-- The environment names both: QWLSP_SCENARIO, QWLSP_REPORT.

package.path = vim.fs.dirname(debug.getinfo(1, 'S').source:sub(2)) .. '/?.lua;' .. package.path

local ok, result = xpcall(dofile, debug.traceback, os.getenv('QWLSP_SCENARIO'))
local report = ok and { result = result } or { error = result }
vim.fn.writefile({ vim.json.encode(report) }, os.getenv('QWLSP_REPORT'))
vim.cmd('qall!')
