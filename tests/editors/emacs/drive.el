;;; drive.el --- A person with Emacs and eglot -*- lexical-binding: t -*-

;; Loaded after the set-up in editors/README.md. Opens files of the project in the current folder,
;; does with them what the guide describes, and writes what was seen as JSON into the file that the
;; environment names: QWLSP_REPORT.

(require 'eglot)
(require 'json)

(setq native-comp-enable-subr-trampolines nil
      eglot-sync-connect t
      eglot-confirm-server-edits nil
      undo-auto-current-boundary-timer nil)

(defvar drive-messages nil "What was shown in the echo area, the last first.")

(defun drive-record (format &rest arguments)
  "Remember a message, FORMAT with ARGUMENTS."
  (when format
    (push (substring-no-properties (apply #'format-message format arguments)) drive-messages)))

(defun drive-wait (holds)
  "Wait until the function HOLDS returns something, and return that."
  (let ((end (+ (float-time) 60)) found)
    (while (not (setq found (funcall holds)))
      (when (> (float-time) end)
        (error "It did not come; messages: %S" drive-messages))
      (accept-process-output nil 0.02))
    found))

(defun drive-said (pattern)
  "Wait for a message that matches PATTERN, and return it."
  (drive-wait (lambda () (seq-find (lambda (each) (string-match-p pattern each)) drive-messages))))

(defun drive-open (file)
  "Visit FILE and connect its buffer to the server."
  (find-file file)
  (python-mode)
  (unless (eglot-current-server)
    (call-interactively #'eglot)))

(defun drive-go-to (text)
  "Put point on the beginning of the first TEXT."
  (goto-char (point-min))
  (search-forward text)
  (goto-char (match-beginning 0)))

(defun drive-actions ()
  "The code actions at point."
  (append (eglot-code-actions (point) (point)) nil))

(defun drive-choose (title)
  "Choose the code action at point with TITLE."
  (let ((action (seq-find (lambda (each) (equal (plist-get each :title) title)) (drive-actions))))
    (eglot-execute (eglot--current-server-or-lose) action)))

(defun drive-hover ()
  "What eldoc shows at point."
  (let (shown)
    (eglot-hover-eldoc-function (lambda (text &rest _) (setq shown (substring-no-properties text))))
    (drive-wait (lambda () shown))))

(defun drive-explain ()
  "Explain a function, and look at the hover."
  (drive-open "shop.py")
  (drive-go-to "total")
  (let ((titles (mapcar (lambda (each) (plist-get each :title)) (drive-actions))))
    (drive-choose "Explain `total`")
    (list :actions (vconcat titles)
          :said (drive-said "is done")
          :hover (drive-hover))))

(defun drive-ask ()
  "Ask about a function."
  (drive-open "shop.py")
  (drive-go-to "total")
  (qwlsp-ask "What is it for?")
  (drive-said "What is it for"))

(defun drive-make-async ()
  "Make a function async, and undo that."
  (drive-open "client.py")
  (buffer-enable-undo)
  (drive-go-to "fetch")
  (let ((before (buffer-string)) after)
    (drive-choose "Make `fetch` async")
    (drive-wait (lambda () (not (equal (buffer-string) before))))
    (setq after (buffer-string))
    (undo-boundary)
    (primitive-undo 1 (if (car buffer-undo-list) buffer-undo-list (cdr buffer-undo-list)))
    (list :before before :after after :undone (buffer-string))))

(defun drive-find-bug ()
  "Find a bug, and take its quick fix."
  (drive-open "bug.py")
  (drive-go-to "collect")
  (drive-choose "Find bugs in `collect`")
  (drive-wait (lambda () (flymake-start) (flymake-diagnostics)))
  (let* ((found (car (flymake-diagnostics)))
         (text (flymake-diagnostic-text found))
         (before (buffer-string)))
    (goto-char (flymake-diagnostic-beg found))
    (let ((fix (seq-find (lambda (each) (equal (plist-get each :kind) "quickfix"))
                         (drive-actions))))
      (eglot-execute (eglot--current-server-or-lose) fix))
    (drive-wait (lambda () (not (equal (buffer-string) before))))
    (list :found text :fixed (buffer-string))))

(advice-add 'eglot--message :before #'drive-record)
(let ((seen (condition-case problem
                (list :explain (drive-explain)
                      :ask (drive-ask)
                      :async (drive-make-async)
                      :bug (drive-find-bug))
              (error (list :error (format "%S" problem))))))
  (with-temp-file (getenv "QWLSP_REPORT")
    (set-buffer-file-coding-system 'utf-8)
    (insert (decode-coding-string (json-serialize seen) 'utf-8)))
  (dolist (buffer (buffer-list))
    (with-current-buffer buffer (set-buffer-modified-p nil)))
  (kill-emacs 0))
