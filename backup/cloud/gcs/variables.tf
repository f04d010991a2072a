variable "project" {
  description = "The project that pays: `gcloud config get-value project`."
  type        = string
}

variable "name" {
  description = "What everything is called after: 6 to 20 small letters, digits and hyphens."
  type        = string
  default     = "wattline"

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{4,18}[a-z0-9]$", var.name))
    error_message = "The name has 6 to 20 small letters, digits and hyphens and begins with a letter, since the service account is called after it."
  }
}

variable "region" {
  description = "Where the copy lies, for example europe-west8 (Milan)."
  type        = string
  default     = "europe-west8"
}

variable "existing_bucket" {
  description = "A bucket that is there already; a new one is made where this is empty. The Pi then sees all of it, and its versioning and lifecycle stay as they are: see to them yourself."
  type        = string
  default     = ""
}

variable "key_file" {
  description = "Where the key will lie on the Pi."
  type        = string
  default     = "/etc/wattline/offsite_google.json"
}

variable "undelete_days" {
  description = "For how many days what was deleted or overwritten can be had back."
  type        = number
  default     = 30
}
