--- All settings with their defaults. Generated: `python -m editors.generate`.

return {
  model = {
    --- GGUF file to use; empty: look for one.
    path = "",
    --- Name of a model, as `qwlsp model list` shows it, with or without .gguf.
    name = "",
    --- Folder with GGUF files of your own.
    folder = "",
    --- Address of a mirror that models are fetched from; empty: HF_ENDPOINT, or Hugging Face.
    hubEndpoint = "",
    --- Layers to offload to the GPU: auto takes all that fit, 0 uses the CPU alone.
    gpuLayers = "auto",
    --- CPU threads: auto takes the physical cores.
    threads = "auto",
    --- Tokens of context the model may grow to.
    contextSize = 32768,
    --- How the context is kept in memory: q8_0 and q4_0 are smaller, and slower on a CPU.
    kvType = "auto",
    --- Memory the model's process should stay below, in MiB; 0: no limit.
    memoryLimitMiB = 0,
    --- Free the model's memory after so many idle minutes; 0: never.
    unloadAfterMinutes = 0,
  },
  backend = {
    --- Who runs the model: embedded, or openai for a server that speaks OpenAI's protocol (vLLM,
    --- Ollama, LM Studio, llama-server).
    kind = "embedded",
    --- The server's address; code goes there, so you are asked once if it is another machine.
    baseUrl = "http://127.0.0.1:11434/v1",
    --- Which of the server's models answers; empty: the first one.
    model = "",
    --- Name of the environment variable that holds the server's key; empty: none is sent.
    apiKeyEnv = "",
    --- Seconds of silence after which a server's answer has failed.
    timeoutSeconds = 60,
  },
  generation = {
    --- 0 always takes the likeliest word; higher is more varied.
    temperature = 0.2,
    --- Draw only from the likeliest words that make up this share.
    topP = 0.9,
    --- Longest answer, in tokens.
    maxTokens = 512,
    --- The same seed gives the same answer to the same question.
    seed = 0,
  },
  latency = {
    --- Seconds of reading before an answer: what stands around the code is chosen to fit.
    maxWaitSeconds = 3,
    --- Read the code under the cursor before it is asked about; auto does less on battery.
    readAhead = "auto",
  },
  answers = {
    --- How much an explanation says.
    detail = "brief",
    --- Language of the answers: auto is the editor's, else a name or code, e.g. German or de.
    language = "auto",
    --- Where an answer shows in editors without a qwlsp plugin: on hover, or as a document.
    show = "hover",
  },
  edits = {
    --- Ask before an edit is made, in editors that can: auto asks where other files change or
    --- callers are left behind.
    confirm = "auto",
    --- What fetches from the web in code made async: auto takes the one that the project uses, and
    --- else a thread.
    httpClient = "auto",
  },
  bugs = {
    --- How likely the model must find a bug for it to be shown; not measured with real weights.
    minConfidence = 0.5,
    --- ruff's rules that are used, as "F B PLE"; empty: all that find bugs, none: no rules.
    rules = "",
    --- Look for bugs in the functions that changed when a file is saved.
    onSave = "off",
  },
}
